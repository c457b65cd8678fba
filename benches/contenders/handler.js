// The identity provider of lambda/ once more: the same event, decision, answer and log line, in plain Node.
//
// Written as one would for speed: only http is loaded (https if it is needed), one connection is kept, patterns are
// compiled once. What the Rust function does beyond that is left out, in this handler's favour: refusing repeated keys in
// JSON, wiping secrets from memory, counting failed tries, and asking again with a new key or token when Okta takes the old
// one no more. The service app is loaded only where the settings have one.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const RESOURCE = '/servers/{serverId}/users/{username}/config';
const SERVER_ID = /^s-[0-9a-f]{17}$/;
const USER_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.@-]{2,99}$/;
const BAD_DOTS = /\.\.|\.@|@\.|\.$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const OKTA_ID = /^[A-Za-z0-9._-]{1,64}$/;
const WILDCARDS = /[*?${}]/;
const PRINTABLE = /^[ -~]*$/;

const LONGEST_PASSWORD = 1024;
const LONGEST_ANSWER = 64 * 1024;
const LONGEST_PAGE = 4 * 1024 * 1024;
const LONGEST_TEXT = 128;
const LONGEST_POLICY = 2048;
const TIMEOUT = 10_000;

const OBJECT_ACTIONS = {
  'read-only': ['s3:GetObject', 's3:GetObjectVersion'],
  'write-only': ['s3:PutObject'],
  'read-write': ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject', 's3:DeleteObject'],
};
const STATES = new Map([
  ['MFA_REQUIRED', 'mfa-required'],
  ['MFA_CHALLENGE', 'mfa-challenge'],
  ['MFA_ENROLL', 'mfa-enroll'],
  ['MFA_ENROLL_ACTIVATE', 'mfa-enroll-activate'],
  ['PASSWORD_WARN', 'password-warn'],
  ['PASSWORD_EXPIRED', 'password-expired'],
  ['PASSWORD_RESET', 'password-reset'],
  ['LOCKED_OUT', 'locked-out'],
  ['RECOVERY', 'recovery'],
  ['RECOVERY_CHALLENGE', 'recovery-challenge'],
  ['UNAUTHENTICATED', 'unauthenticated'],
]);
const ERRORS = new Map([
  ['E0000004', 'bad-credentials'],
  ['E0000207', 'bad-credentials'],
  ['E0000011', 'config'],
  ['E0000015', 'config'],
  ['E0000047', 'rate-limited'],
  ['E0000064', 'password-expired'],
  ['E0000069', 'locked-out'],
  ['E0000119', 'locked-out'],
]);
const STATUSES = new Map([
  [401, 'bad-credentials'],
  [404, 'config'],
  [405, 'config'],
  [410, 'config'],
  [429, 'rate-limited'],
]);
const ERROR_REASONS = new Set(['config', 'service-app', 'session-policy']);
const WARN_REASONS = new Set([
  'rate-limited',
  'okta-unavailable',
  'state-unknown',
  'session-token-missing',
  'event-malformed',
  'route-unknown',
]);
const RESPONSE_HEADERS = { 'Cache-Control': 'no-store', 'Content-Type': 'application/json' };

/** A sign-in that ends here, and why. */
class Refused {
  constructor(reason) {
    this.reason = reason;
  }
}

const SETTINGS = JSON.parse(fs.readFileSync(path.join(process.env.LAMBDA_TASK_ROOT, 'settings.json'), 'utf8'));
const ROLE = process.env.USER_ROLE_ARN;
const PARTITION = ROLE.split(':')[1];
const ORG = new URL(SETTINGS.okta.org_url);
const SECURE = ORG.protocol === 'https:';
const HTTPS = SECURE || process.env.PREPARE_TLS ? require('node:https') : undefined;
const TLS_AGENT = HTTPS && new HTTPS.Agent({ keepAlive: true, maxSockets: 1, secureContext: require('node:tls').createSecureContext() });
const AGENT = SECURE ? TLS_AGENT : new http.Agent({ keepAlive: true, maxSockets: 1 });
const OKTA = { agent: AGENT, hostname: ORG.hostname, port: ORG.port || undefined };
const DEPLOYMENT = process.env.DEPLOYMENT_NAME;
const APP = SETTINGS.okta.service_app;
const SERVICE_APP = APP && require('./service_app.js');
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The one value of a header or parameter, which API Gateway tells twice. */
function theOne(single, multiple, named) {
  const alone = [];
  const listed = [];
  for (const name in single ?? {}) if (named(name) && single[name] !== null) alone.push(single[name]);
  for (const name in multiple ?? {}) if (named(name)) listed.push(...(multiple[name] ?? []));
  const disagree = alone.length === 1 && listed.length === 1 && alone[0] !== listed[0];
  if (alone.length > 1 || listed.length > 1 || disagree) throw new Refused('value-repeated');
  return alone[0] ?? listed[0];
}

function query(event, name) {
  return theOne(event.queryStringParameters, event.multiValueQueryStringParameters, (given) => given === name);
}

function header(event, name) {
  return theOne(event.headers, event.multiValueHeaders, (given) => given.toLowerCase() === name);
}

function percentDecode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** One spelling for one person. */
function canonical(typed) {
  const domain = SETTINGS.okta.login_domain;
  if (!USER_NAME.test(typed) || BAD_DOTS.test(typed)) throw new Refused('user-name-malformed');
  let name = typed.toLowerCase();
  const [, given, more] = name.split('@');
  if (name === 'root' || more !== undefined || given === '') throw new Refused('user-name-malformed');
  if (domain !== null) {
    if (given !== undefined && given !== domain) throw new Refused('user-name-other-domain');
    if (given === undefined) name = `${name}@${domain}`;
  }
  if (name.length > 100) throw new Refused('user-name-malformed');
  return name;
}

function passwordOf(event) {
  const encoded = header(event, 'passwordbase64');
  const plain = header(event, 'password');
  let password;
  if (encoded !== undefined) {
    if (encoded.length > Math.ceil(LONGEST_PASSWORD / 3) * 4) throw new Refused('password-too-long');
    if (!BASE64.test(encoded)) throw new Refused('password-encoding');
    try {
      password = UTF8.decode(Buffer.from(encoded, 'base64'));
    } catch {
      throw new Refused('password-encoding');
    }
  } else if (plain !== undefined) {
    password = plain;
  }
  if (!password) return undefined;
  if (Buffer.byteLength(password) > LONGEST_PASSWORD) throw new Refused('password-too-long');
  if (password.trim() === '') throw new Refused('password-missing');
  return password;
}

function send(method, path, headers, body, longest) {
  return new Promise((resolve, reject) => {
    const options = { ...OKTA, method, path, headers, timeout: TIMEOUT };
    const request = (SECURE ? HTTPS : http).request(options, (response) => {
      const chunks = [];
      let length = 0;
      response.on('data', (chunk) => {
        length += chunk.length;
        if (length > longest) request.destroy(new Error('too long'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', reject);
    request.end(body);
  });
}

/** A request and its whole answer: the status, and what JSON it holds. */
async function exchange(method, path, headers, body, longest, line) {
  const begin = performance.now();
  line.okta_calls += 1;
  let answer;
  try {
    answer = await send(method, path, headers, body, longest);
  } catch {
    line.detail = 'interrupted';
    throw new Refused('okta-unavailable');
  } finally {
    line.okta_time += performance.now() - begin;
  }
  const { status } = answer;
  line.okta_request_id = printable(answer.headers['x-okta-request-id']);
  if (status >= 300 && status < 400) {
    line.detail = 'redirect';
    throw new Refused('okta-unavailable');
  }
  const mediaType = (answer.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
  try {
    return { status, told: mediaType === 'application/json' ? JSON.parse(answer.body.toString()) : undefined };
  } catch {
    return { status, told: undefined };
  }
}

/** One request for one sign-in; returns the reason, and Okta's id of the user. */
async function askOkta(login, password, line) {
  const body = JSON.stringify({
    username: login,
    password,
    options: { multiOptionalFactorEnroll: false, warnBeforePasswordExpired: false },
  });
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json', 'User-Agent': 'sftp-okta/0.1.0' };
  const { status, told } = await exchange('POST', '/api/v1/authn', headers, body, LONGEST_ANSWER, line);
  line.okta_status = status;
  const isObject = typeof told === 'object' && told !== null && !Array.isArray(told);
  if (status === 200) {
    if (isObject) return judge(told, login);
    line.detail = 'not-json';
    return { reason: 'okta-unavailable' };
  }
  const { errorCode, errorId } = isObject ? told : {};
  if (typeof errorCode === 'string' && OKTA_ID.test(errorCode)) line.okta_error_code = errorCode;
  if (typeof errorId === 'string' && OKTA_ID.test(errorId)) line.okta_error_id = errorId;
  const byStatus = STATUSES.get(status) ?? (status >= 400 && status < 500 ? 'okta-refused' : 'okta-unavailable');
  const reason = ERRORS.get(errorCode) ?? byStatus;
  if (reason === 'okta-unavailable') line.detail = 'status';
  return { reason };
}

const FORM =
  'grant_type=client_credentials&scope=okta.users.read' +
  '&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=';
let key;
let token;

/** The service app's token: the kept one, or a new one. */
async function tokenOf(line) {
  if (token !== undefined && Date.now() < token.until) return token.value;
  try {
    key ??= SERVICE_APP.readKey(await SERVICE_APP.secret(APP.private_key_secret));
  } catch {
    line.detail = 'secret';
    throw new Refused('service-app');
  }
  const path = '/oauth2/v1/token';
  const body = FORM + SERVICE_APP.assertion(key, APP, `${ORG.origin}${path}`);
  const type = 'application/x-www-form-urlencoded';
  const headers = { Accept: 'application/json', 'Content-Type': type, 'User-Agent': 'sftp-okta/0.1.0' };
  const { status, told } = await exchange('POST', path, headers, body, LONGEST_ANSWER, line);
  if (status !== 200 || typeof told?.access_token !== 'string') {
    line.detail = 'token';
    throw new Refused('service-app');
  }
  token = { value: told.access_token, until: Date.now() + (told.expires_in - 60) * 1000 };
  return token.value;
}

/** Names and ids of the user's groups, by the service app. One page holds them all, or the sign-in ends. */
async function groupsOf(oktaId, line) {
  const authorization = `Bearer ${await tokenOf(line)}`;
  const headers = { Accept: 'application/json', Authorization: authorization, 'User-Agent': 'sftp-okta/0.1.0' };
  const path = `/api/v1/users/${oktaId}/groups`;
  const { status, told } = await exchange('GET', path, headers, undefined, LONGEST_PAGE, line);
  if (status !== 200 || !Array.isArray(told)) {
    line.detail = status === 403 ? 'scope' : 'not-json';
    throw new Refused('service-app');
  }
  return new Set(told.flatMap((group) => [group.id, group.profile.name]));
}

/** The first rule that means the user. Groups are asked for when a rule needs them. */
async function ruleOf(oktaId, line) {
  let groups;
  for (const [number, rule] of SETTINGS.access.entries()) {
    if (rule.groups?.length) {
      groups ??= await groupsOf(oktaId, line);
      if (!rule.groups.some((group) => groups.has(group))) continue;
    }
    line.rule = number;
    return rule;
  }
  throw new Refused('no-rule');
}

/** Only SUCCESS with a session token, for the login that was asked for, is a sign-in. */
function judge(told, login) {
  if (told.status !== 'SUCCESS') return { reason: STATES.get(told.status) ?? 'state-unknown' };
  if (typeof told.sessionToken !== 'string' || told.sessionToken.trim() === '') return { reason: 'session-token-missing' };
  const user = told._embedded?.user;
  const profileLogin = user?.profile?.login;
  const isSame = typeof profileLogin === 'string' && profileLogin.toLowerCase() === login;
  return isSame ? { reason: 'ok', oktaId: user.id } : { reason: 'login-mismatch' };
}

function userConfig(login, rule) {
  const { bucket } = SETTINGS;
  const home = rule.home.replace('{bucket}', bucket).replaceAll('{login}', login).replaceAll('{user}', login.split('@')[0]);
  const prefix = home.slice(bucket.length + 2);
  if (WILDCARDS.test(home)) throw new Refused('session-policy');
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['s3:ListBucket'],
        Resource: `arn:${PARTITION}:s3:::${bucket}`,
        Condition: { StringLike: { 's3:prefix': [prefix, `${prefix}/`, `${prefix}/*`] } },
      },
      {
        Effect: 'Allow',
        Action: OBJECT_ACTIONS[rule.permissions],
        Resource: `arn:${PARTITION}:s3:::${bucket}/${prefix}/*`,
      },
    ],
  });
  if (policy.length > LONGEST_POLICY) throw new Refused('session-policy');
  return {
    Role: ROLE,
    HomeDirectoryType: 'LOGICAL',
    HomeDirectoryDetails: JSON.stringify([{ Entry: '/', Target: home }]),
    Policy: policy,
  };
}

function printable(text) {
  if (text === undefined || text === null) return null;
  if (text.length <= LONGEST_TEXT && PRINTABLE.test(text)) return text;
  const characters = Array.from(text);
  const escaped = characters
    .slice(0, LONGEST_TEXT)
    .map((c) => (PRINTABLE.test(c) ? c : `\\u{${c.codePointAt(0).toString(16)}}`));
  return escaped.join('') + (characters.length > LONGEST_TEXT ? '...' : '');
}

async function decide(event, line) {
  if (typeof event?.httpMethod !== 'string') throw new Refused('event-malformed');
  const { username, serverId } = event.pathParameters ?? {};
  const decoded = username === undefined ? undefined : percentDecode(username);
  line.login = printable(decoded ?? username);
  line.server_id = printable(serverId);
  for (const [key, parameter] of [['source_ip', 'sourceIp'], ['protocol', 'protocol']]) {
    try {
      line[key] = printable(query(event, parameter));
    } catch {
      // It stays null.
    }
  }

  const route = (event.resource ?? RESOURCE) === RESOURCE;
  if (event.httpMethod !== 'GET' || !route || serverId === undefined) throw new Refused('route-unknown');
  if (!SERVER_ID.test(serverId)) throw new Refused('server-id-malformed');
  if (query(event, 'protocol') !== 'SFTP') throw new Refused('protocol-not-sftp');
  query(event, 'sourceIp');
  if (username === undefined) throw new Refused('route-unknown');
  if (decoded === undefined) throw new Refused('user-name-malformed');
  const login = canonical(decoded);
  const password = passwordOf(event);
  line.login = login;
  line.method = password === undefined ? 'public-key' : 'password';
  if (password === undefined) throw new Refused('key-probe');

  const { reason, oktaId } = await askOkta(login, password, line);
  if (reason !== 'ok') throw new Refused(reason);
  return userConfig(login, await ruleOf(oktaId, line));
}

/** The members of the line that make it metrics, in CloudWatch's embedded metric format. */
function metrics(line, reason, elapsed, oktaTime) {
  const isPassword = line.method !== 'public-key';
  const refused = reason === 'ok' ? 0 : 1;
  const values = isPassword
    ? { SignIns: 1, Refusals: refused, SignInLatency: thousandths(elapsed) }
    : { KeyProbes: 1, KeysGiven: 1 - refused };
  if (line.okta_calls > 0) Object.assign(values, { OktaCalls: line.okta_calls, OktaLatency: thousandths(oktaTime) });
  values.OktaUnavailable = reason === 'okta-unavailable' ? 1 : 0;
  values.OktaRateLimited = reason === 'rate-limited' ? 1 : 0;
  values.Throttles = 0;
  values.ConfigurationErrors = ERROR_REASONS.has(reason) ? 1 : 0;
  const unit = (Name) => ({ Name, Unit: Name.endsWith('Latency') ? 'Milliseconds' : 'Count' });
  const all = { Namespace: 'sftp-okta', Dimensions: [['DeploymentName']], Metrics: Object.keys(values).map(unit) };
  const byReason = { Namespace: 'sftp-okta', Dimensions: [['DeploymentName', 'Reason']], Metrics: [unit('Refusals')] };
  const CloudWatchMetrics = isPassword && refused ? [all, byReason] : [all];
  return { DeploymentName: DEPLOYMENT, Reason: reason, ...values, _aws: { Timestamp: Date.now(), CloudWatchMetrics } };
}

function thousandths(milliseconds) {
  return Math.round(milliseconds * 1e3) / 1e3;
}

exports.handle = async (event) => {
  const begin = performance.now();
  const line = { method: null, login: null, source_ip: null, protocol: null, server_id: null };
  Object.assign(line, { okta_request_id: null, okta_error_code: null, okta_error_id: null, okta_calls: 0, okta_time: 0 });
  let body = '{}';
  let reason = 'ok';
  try {
    body = JSON.stringify(await decide(event, line));
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    ({ reason } = refused);
  }
  const level = ERROR_REASONS.has(reason) ? 'ERROR' : WARN_REASONS.has(reason) ? 'WARN' : 'INFO';
  const decision = reason === 'ok' ? 'accepted' : 'refused';
  const elapsed = performance.now() - begin;
  const { okta_time: oktaTime, ...told } = { level, event: 'sign-in', decision, reason, ...line, ms: Math.floor(elapsed) };
  Object.assign(told, metrics(line, reason, elapsed, oktaTime));
  fs.writeSync(1, `${JSON.stringify(told)}\n`);
  return { statusCode: 200, headers: RESPONSE_HEADERS, body, isBase64Encoded: false };
};

// The service app's proof of itself, for handler.js: its key from Secrets Manager, and an assertion signed with it. All with
// what Node brings.
'use strict';

const crypto = require('node:crypto');

const SERVICE = 'secretsmanager';

const sha256 = (text) => crypto.createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();

/** The headers of a request to Secrets Manager: AWS Signature Version 4. */
function signed(host, region, body) {
  const at = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    host,
    'x-amz-date': at,
    'x-amz-security-token': process.env.AWS_SESSION_TOKEN,
    'x-amz-target': `${SERVICE}.GetSecretValue`,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`).join('');
  const names = Object.keys(headers).join(';');
  const scope = `${at.slice(0, 8)}/${region}/${SERVICE}/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${at}\n${scope}\n${sha256(`POST\n/\n\n${lines}\n${names}\n${sha256(body)}`)}`;
  const key = scope.split('/').reduce(hmac, `AWS4${process.env.AWS_SECRET_ACCESS_KEY}`);
  const credential = `${process.env.AWS_ACCESS_KEY_ID}/${scope}`;
  const signature = hmac(key, text).toString('hex');
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return headers;
}

/** The text of a secret: GetSecretValue. */
exports.secret = (arn) => {
  const region = arn.split(':')[3];
  const url = new URL(process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER ?? `https://${SERVICE}.${region}.amazonaws.com`);
  const { request: ask } = url.protocol === 'https:' ? require('node:https') : require('node:http');
  const body = JSON.stringify({ SecretId: arn });
  const headers = { ...signed(url.host, region, body), 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const request = ask(url, { method: 'POST', headers, timeout: 10_000 }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode !== 200) reject(new Error(`Secrets Manager: ${response.statusCode}`));
        else resolve(JSON.parse(Buffer.concat(chunks).toString()).SecretString);
      });
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', reject);
    request.end(body);
  });
};

/** A private key from a JWK. */
exports.readKey = (text) => crypto.createPrivateKey({ key: JSON.parse(text), format: 'jwk' });

/** A JWT that proves who asks for a token. */
exports.assertion = (key, app, url) => {
  const iat = Math.floor(Date.now() / 1000);
  const header = { alg: 'RS256', kid: app.key_id, typ: 'JWT' };
  const jti = crypto.randomBytes(16).toString('base64url');
  const claims = { iss: app.client_id, sub: app.client_id, aud: url, iat, exp: iat + 300, jti };
  const message = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${message}.${crypto.sign('sha256', Buffer.from(message), key).toString('base64url')}`;
};

// Walks the password, code and push flows of an Okta org with Okta's own client, and prints what it met, a line each.
// Arguments: the org's address, and the base32 secret of bob's authenticator.
import { createHmac } from 'node:crypto';
import { OktaAuth } from '@okta/okta-auth-js';

const [org, secret] = process.argv.slice(2);
const client = new OktaAuth({ issuer: `${org}/oauth2/default`, clientId: 'unused', redirectUri: `${org}/unused` });

const signIn = (user, password = `${user}-password`) =>
  client.signInWithCredentials({ username: `${user}@example.com`, password });
const factor = (transaction, provider, type) =>
  transaction.factors.find((factor) => factor.provider === provider && factor.factorType === type);

// RFC 6238 with SHA-1, six digits and steps of 30 s: what an authenticator app shows.
function code(base32, seconds) {
  const bits = [...base32].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const place = digest[19] & 15;
  return String((digest.readUInt32BE(place) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

async function told(what, step) {
  let met;
  try {
    const { status, factorResult, sessionToken } = await step();
    met = [status, factorResult, sessionToken && 'with a session token'].filter(Boolean).join(', ');
  } catch (error) {
    met = `${error.name} ${error.errorCode}: ${error.errorSummary}`;
  }
  console.log(`${what}: ${met}`);
}

async function push(user, then) {
  const challenge = await factor(await signIn(user), 'OKTA', 'push').verify();
  return then(challenge);
}

await told('right password', () => signIn('alice'));
await told('wrong password', () => signIn('alice', 'wrong'));
await told('unknown user', () => signIn('nobody'));
await told('locked', () => signIn('locked'));
await told('expired password', () => signIn('expired'));
await told('enrolment wanted', () => signIn('enroll'));
await told('too many requests', () => signIn('limited'));
await told('code wanted', () => signIn('bob'));
await told('right code', async () =>
  factor(await signIn('bob'), 'OKTA', 'token:software:totp').verify({ passCode: code(secret, Date.now() / 1000) }));
await told('code of last year', async () =>
  factor(await signIn('bob'), 'OKTA', 'token:software:totp').verify({ passCode: code(secret, Date.now() / 1000 - 31_536_000) }));
await told('push sent', () => push('nora', (challenge) => challenge));
await told('push approved', () => push('paula', (challenge) => challenge.poll({ delay: 500 })));
await told('push rejected', () => push('rita', (challenge) => challenge.poll({ delay: 500 })));
await told('push with a number', async () => {
  let number;
  const asked = (answer) => {
    number = answer._embedded.factor._embedded.challenge.correctAnswer;
    throw new Error('once is enough');
  };
  await push('nadia', (challenge) => challenge.poll({ delay: 500, transactionCallBack: asked }).catch(() => {}));
  return { status: `choose ${number}` };
});
await told('cancelled', async () => ({ status: (await push('nora', (challenge) => challenge.cancel())).status ?? 'gone' }));

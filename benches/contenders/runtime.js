// A runtime loop for handler.js in a few lines: what aws-lambda-ric does, without its native client and its start-up
// checks, so it can only be faster than that.
'use strict';

const http = require('node:http');
const { handle } = require('./handler.js');

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const request = http.request({ agent, hostname, port, method, path, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function run() {
  for (;;) {
    const next = await call('GET', '/2018-06-01/runtime/invocation/next');
    const answer = JSON.stringify(await handle(JSON.parse(next.body)));
    await call('POST', `/2018-06-01/runtime/invocation/${next.headers['lambda-runtime-aws-request-id']}/response`, answer);
  }
}

run().catch((error) => {
  process.stderr.write(`${error}\n`);
  process.exit(1);
});

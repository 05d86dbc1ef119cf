// Calls functions of rongcloud-sdk as its standard input says, a line of JSON each.
'use strict';

const readline = require('readline');

const account = JSON.parse(process.argv[process.argv.length - 1]);
const client = require('rongcloud-sdk')({ appkey: 'demo', secret: 'secret', api: account.url });

async function answer(asked) {
  const way = asked.call.split('.');
  const name = way.pop();
  const target = way.reduce((part, next) => part[next], client);
  const value = await target[name](...asked.args);
  // The SDK returns an error in place of raising it; what it returns has the code either way.
  return value && value.code === 200 ? { value } : { error: JSON.stringify(value) };
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let said;
    try {
      said = await answer(JSON.parse(line));
    } catch (error) {
      said = { error: error instanceof Error ? String(error) : JSON.stringify(error) };
    }
    process.stdout.write(`=> ${JSON.stringify(said)}\n`);
  }
})();

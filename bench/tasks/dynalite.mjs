import dynalite from 'dynalite';

/** An emulated DynamoDB on the loopback interface, until it is ended. */
export default async function dynaliteServer(_, line) {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  server.keepAliveTimeout = 0; // else it closes connections that a client is about to use
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  await line.say('listening', `http://127.0.0.1:${server.address().port}`);
  await line.heard('never');
}

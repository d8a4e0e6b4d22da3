import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Called once the request has come completely. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Something that listens where DynamoDB is expected, and does what it is told. */
export interface StubService {
  readonly endpoint: string;
  /** How the next requests are answered. */
  answer: Answer;
  /** Requests that came. */
  requests: number;
  /** Connections that were opened. */
  connections: number;
  /** Connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  stop(): Promise<void>;
}

/** Answers nothing until told otherwise. */
export async function startStub(port = 0): Promise<StubService> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      stub.requests++;
      stub.answer(request, response);
    });
  });
  server.on('connection', socket => {
    stub.connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve));
  const stub: StubService = {
    endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    answer: () => {},
    requests: 0,
    connections: 0,
    sockets,
    stop: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
  return stub;
}

/** Answers as DynamoDB does. */
export function ok(body: object = {}): Answer {
  return respond(200, JSON.stringify(body));
}

/** Answers with an error of DynamoDB. */
export function failure(name: string, { status = 400, message = 'said the stub', ...rest } = {}): Answer {
  const __type = `com.amazonaws.dynamodb.v20120810#${name}`;
  return respond(status, JSON.stringify({ __type, message, ...rest }));
}

export function respond(status: number, body: string): Answer {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(body);
  };
}

/** Answers the first requests with the first answers, and the rest with the last one. */
export function inTurn(...answers: Answer[]): Answer {
  return (request, response) => (answers.length > 1 ? answers.shift()! : answers[0]!)(request, response);
}

/** Takes the request and says nothing. */
export const hang: Answer = () => {};

/** Resets the connection. */
export const reset: Answer = ({ socket }) => void socket.resetAndDestroy();

/** Begins an answer, and resets the connection. */
export const breakOff: Answer = ({ socket }, response) => {
  response.writeHead(200, { 'content-length': 100 });
  response.write('{"Attributes":{');
  setTimeout(() => socket.resetAndDestroy(), 20);
};

/** Credentials that nobody checks. */
export const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'hush-hush' };

import { createServer } from 'node:http';
import { App } from './app.js';

const app = new App();
createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const streams = app.streamsAt(url.pathname);
  if (streams === undefined) {
    void app.obey(url).then((answer) => response.end(JSON.stringify(answer)));
  } else {
    void streams.handle(request, response);
  }
}).listen(Number(process.argv[2]), '127.0.0.1');

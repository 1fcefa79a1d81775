import main = require('sharing-bus');
import schema = require('sharing-bus/schema');
import testing = require('sharing-bus/testing');
import sse = require('sharing-bus/sse');
import sqlite = require('sharing-bus/sqlite');

// As import.mts, for CommonJS. `require` and `import` must give the same classes, or instanceof would fail.
const filter = schema.parseEventFilter({ type: 'kind', kinds: ['note'] });
const receiver = new main.SharingBus().subscribeFiltered(filter);
receiver.close();
if (!main.matches(filter, testing.busEvent({ type: 'Connected' }, { kind: 'note' }))) {
  throw new Error('the testing entry does not work');
}
void new sse.EventStreams(new main.SharingBus(), { filter }).close();

// No driver is installed here. Newer versions of Node have one.
try {
  new main.SharingBus({ upstream: sqlite.sqliteUpstream({ file: 'events.db' }) }).close();
} catch (error) {
  if (!(error instanceof sqlite.MissingDriverError)) {
    throw error;
  }
}

void import('sharing-bus').then(({ InvalidUuidError }) => {
  try {
    main.parseUuid('not a UUID');
  } catch (error) {
    if (error instanceof InvalidUuidError) {
      return;
    }
  }
  throw new Error('require and import give different classes');
});

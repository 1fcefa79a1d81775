import { describe, expect, it } from '@jest/globals';
import { SharingBus } from '../../lib/index.js';
import { FileClosedError, sqliteUpstream } from '../../lib/sqlite/index.js';
import { event } from '../support/events.js';
import { tempFile } from './support/files.js';

describe('deliveries that are read after the file was closed', () => {
  it('end with FileClosedError', () => {
    const upstream = sqliteUpstream<number>({ file: tempFile() });
    const bus = new SharingBus<number>({ upstream });
    for (let payload = 0; payload < 600; payload += 1) {
      bus.publish(event(payload));
    }
    expect(bus.position?.seq).toBe(600);
    const read: unknown[] = [];
    expect(() => {
      for (const delivery of upstream.deliveries()) {
        read.push(delivery);
        bus.close();
      }
    }).toThrow(FileClosedError);
    // What was read before is one page.
    expect(read).toHaveLength(256);
  });
});

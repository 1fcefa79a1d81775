import { describe, expect, it } from '@jest/globals';
import { EventFilter } from 'sharing-bus';
import { type Choices, compose } from '../../examples/angular-console/src/app/filter/compose.js';

const NOTHING: Choices = { kinds: [], origins: [], connectorId: '', nativeSessionId: '', match: 'all' };
const plan = EventFilter.kind('plan');
const agent = EventFilter.origin('agent');

describe('the filter composer of the console', () => {
  it.each(['all', 'any', 'none'] as const)('matches every event without a condition: %s', (match) => {
    expect(compose({ ...NOTHING, match })).toEqual(EventFilter.all);
  });

  it.each([
    ['all', EventFilter.and(plan, agent)],
    ['any', EventFilter.or(plan, agent)],
    ['none', EventFilter.not(EventFilter.or(plan, agent))],
  ] as const)('matches %s of two conditions', (match, filter) => {
    expect(compose({ ...NOTHING, kinds: ['plan'], origins: ['agent'], match })).toEqual(filter);
  });

  it.each([
    ['all', plan],
    ['any', plan],
    ['none', EventFilter.not(plan)],
  ] as const)('matches %s of one condition', (match, filter) => {
    expect(compose({ ...NOTHING, kinds: ['plan'], match })).toEqual(filter);
  });

  it('takes a session with its connector only', () => {
    expect(compose({ ...NOTHING, connectorId: 'claude', nativeSessionId: 's' })).toEqual(
      EventFilter.session('claude', 's'),
    );
    expect(compose({ ...NOTHING, connectorId: 'claude' })).toEqual(EventFilter.connectorId('claude'));
    expect(compose({ ...NOTHING, nativeSessionId: 's' })).toEqual(EventFilter.all);
  });
});

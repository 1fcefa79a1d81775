import { describe, expect, it } from '@jest/globals';
import { map } from 'rxjs';
import { SoloSubject } from '../../../lib/internal/publish/SoloSubject.js';
import { collect } from '../../support/collect.js';

describe('SoloSubject', () => {
  it('calls its observer with each value, and completes it', () => {
    const subject$ = new SoloSubject<number>();
    const { values, endings } = collect(subject$.asObservable().pipe(map((value) => value * 2)));
    const next = (value: number): void => {
      subject$.next(value);
    };
    next(1);
    next(2);
    expect([values, endings]).toEqual([[2, 4], []]);
    subject$.complete();
    next(3);
    expect([values, endings]).toEqual([[2, 4], ['complete']]);
  });

  it('takes a value, and its end, with nobody there', () => {
    const subject$ = new SoloSubject<number>();
    subject$.next(1);
    const { values } = collect(subject$.asObservable());
    subject$.next(2);
    expect(values).toEqual([2]);
    new SoloSubject<number>().complete();
  });

  it('calls one that has left no more, and who comes after it instead', () => {
    const subject$ = new SoloSubject<number>();
    const first = collect(subject$.asObservable());
    subject$.next(1);
    first.subscription.unsubscribe();
    subject$.next(2);
    const second = collect(subject$.asObservable());
    subject$.next(3);
    subject$.complete();
    expect([first.values, second.values]).toEqual([[1], [3]]);
    expect([first.endings, second.endings]).toEqual([[], ['complete']]);
  });
});

import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { describeFilter, simplified } from '../filter/describeFilter.js';
import { Live } from '../live/Live.js';
import { count } from '../count.js';
import type { Lane } from './LaneBook.js';
import { Sparkline } from './Sparkline.js';
import { Stats } from './Stats.js';

/** A lane for each subscriber of the bus. */
@Component({
  selector: 'app-lanes',
  imports: [Sparkline],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (lanes().length === 0) {
      <p class="empty">No subscribers yet.</p>
    }
    <ul class="lanes">
      @for (lane of lanes(); track lane.id) {
        <li class="lane" [class.has-left]="lane.hasLeft" [attr.data-lane]="lane.name">
          <h3>
            {{ lane.title }}
            @if (lane.isMine) {
              <span class="badge">this page</span>
            }
            @if (lane.hasLeft) {
              <span class="badge">left</span>
            }
          </h3>
          <p class="lane-filter" [title]="lane.filterText">{{ lane.filterText }}</p>
          <p class="lane-filter">{{ lane.roomText }}</p>
          <dl class="figures">
            <div>
              <dt>waiting</dt>
              <dd>
                <span class="number" data-figure="waiting">{{ lane.waiting }}</span>
                <app-sparkline
                  [label]="lane.title + ': waiting over time, now ' + lane.waiting + ' of ' + lane.capacity"
                  [values]="lane.waitingOverTime"
                  [most]="1"
                  [losses]="lane.losses"
                />
              </dd>
            </div>
            <div>
              <dt>delivered</dt>
              <dd>
                <span class="number" data-figure="delivered">{{ lane.deliveredText }}</span>
                <app-sparkline
                  [label]="lane.title + ': delivered over time, so far ' + lane.delivered"
                  [values]="lane.deliveredOverTime"
                  [losses]="lane.losses"
                />
              </dd>
            </div>
            <div [class.has-lagged]="lane.lagged > 0">
              <dt>lagged</dt>
              <dd>
                <span class="number" data-figure="lagged">{{ lane.laggedText }}</span>
                <app-sparkline
                  [label]="lane.title + ': lagged over time, so far ' + lane.lagged"
                  [values]="lane.laggedOverTime"
                  [losses]="lane.losses"
                />
              </dd>
            </div>
          </dl>
        </li>
      }
    </ul>
  `,
})
export class Lanes {
  readonly #stats = inject(Stats);
  readonly #live = inject(Live);

  protected readonly lanes = computed(() => {
    const mine = JSON.stringify(simplified(this.#live.wireFilter()));
    const all = this.#stats.lanes();
    const candidates = all.filter((lane) => isPage(lane) && JSON.stringify(simplified(lane.filter)) === mine);
    const lanes = all.map((lane) => ({
      ...lane,
      title: isPage(lane) ? `${lane.name} ${lane.id}` : lane.name || `subscriber ${lane.id}`,
      // Another page may have the same filter. Then it is unknown which lane is this page's.
      isMine: candidates.length === 1 && candidates[0] === lane,
      filterText: describeFilter(simplified(lane.filter)),
      roomText: `capacity ${count(lane.capacity)}, at most ${count(lane.highWaterMark)} waited`,
      deliveredText: count(lane.delivered),
      laggedText: count(lane.lagged),
      waitingOverTime: lane.samples.map(({ waiting }) => waiting),
      deliveredOverTime: lane.samples.map(({ delivered }) => delivered),
      laggedOverTime: laggedOverTime(lane),
      losses: lane.samples.map(({ lagged }) => lagged > 0),
    }));
    return [...lanes.filter(({ isMine }) => isMine), ...lanes.filter(({ isMine }) => !isMine)];
  });
}

function isPage({ hasLeft, name }: Lane): boolean {
  return !hasLeft && name.endsWith('page');
}

function laggedOverTime({ lagged, samples }: Lane): number[] {
  let before = lagged - samples.reduce((sum, sample) => sum + sample.lagged, 0);
  return samples.map((sample) => (before += sample.lagged));
}

import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { SAMPLES } from './LaneBook.js';

const HEIGHT = 24;

/** A small plot of the last polls, the newest at the right, with a mark where events were lost. */
@Component({
  selector: 'app-sparkline',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <svg
      class="spark"
      viewBox="0 0 ${SAMPLES} ${HEIGHT}"
      preserveAspectRatio="none"
      role="img"
      [attr.aria-label]="label()"
    >
      <path class="spark-gaps" [attr.d]="gaps()" />
      <path class="spark-area" [attr.d]="area()" />
      <path class="spark-line" [attr.d]="line()" />
    </svg>
  `,
})
export class Sparkline {
  readonly label = input.required<string>();
  readonly values = input.required<readonly number[]>();
  /** The value at the top of the plot, unless a value is greater. */
  readonly most = input(1);
  /** For each value, whether events were lost at that time. */
  readonly losses = input.required<readonly boolean[]>();

  protected readonly line = computed(() => {
    const points = this.#points();
    return points.length === 0 ? '' : `M${points.map(([x, y]) => `${x} ${y}`).join('L')}`;
  });

  protected readonly area = computed(() => {
    const points = this.#points();
    const [first] = points;
    return first === undefined
      ? ''
      : `M${first[0]} ${HEIGHT}L${points.map(([x, y]) => `${x} ${y}`).join('L')}V${HEIGHT}Z`;
  });

  protected readonly gaps = computed(() => {
    const left = SAMPLES - this.losses().length;
    return this.losses()
      .map((isLoss, index) => (isLoss ? `M${left + index} 0h1v${HEIGHT}h-1z` : ''))
      .join('');
  });

  readonly #points = computed(() => {
    const values = this.values();
    const most = Math.max(this.most(), ...values);
    const left = SAMPLES - values.length;
    return values.map(
      (value, index) => [left + index + 0.5, round(HEIGHT - 1 - (value / most) * (HEIGHT - 2))] as const,
    );
  });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

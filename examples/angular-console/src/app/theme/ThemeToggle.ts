import { ChangeDetectionStrategy, Component, DOCUMENT, effect, inject, signal } from '@angular/core';

const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const KEY = 'theme';

/** Light, dark, or the theme of the system; stored for the next visit. */
@Component({
  selector: 'app-theme-toggle',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <fieldset class="theme">
      <legend class="visually-hidden">Theme</legend>
      @for (one of themes; track one) {
        <label>
          <input
            type="radio"
            name="theme"
            class="visually-hidden"
            [checked]="theme() === one"
            (change)="theme.set(one)"
          />
          <span>{{ one }}</span>
        </label>
      }
    </fieldset>
  `,
})
export class ThemeToggle {
  protected readonly themes = THEMES;
  protected readonly theme = signal(stored());

  constructor() {
    const { documentElement } = inject(DOCUMENT);
    effect(() => {
      const theme = this.theme();
      documentElement.dataset['theme'] = theme;
      localStorage.setItem(KEY, theme);
    });
  }
}

function stored(): Theme {
  const word = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === word) ?? 'system';
}

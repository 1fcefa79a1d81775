import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMarbleDiagramSpecification } from '@swirly/parser';
import { renderMarbleDiagram } from '@swirly/renderer-node';
import { lightStyles } from '@swirly/theme-default-light';

// spec/docs/marbles-spec.ts runs the same texts, so the pictures are tested.
const folder = join(import.meta.dirname, '..', 'docs', 'marbles');
for (const name of readdirSync(folder).filter((file) => file.endsWith('.txt'))) {
  const diagram = parseMarbleDiagramSpecification(readFileSync(join(folder, name), 'utf8'));
  const { xml } = renderMarbleDiagram(diagram, { styles: lightStyles });
  writeFileSync(join(folder, name.replace(/\.txt$/, '.svg')), `${xml}\n`);
  console.log(`drawn: ${name}`);
}

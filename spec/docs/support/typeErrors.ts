import { join } from 'node:path';
import ts from 'typescript';
import { type Program, ROOT } from './pages.js';

/** What the compiler says against the programs, with this repository's own strict settings. */
export function typeErrors(programs: readonly Program[]): string[] {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
    config: { files?: string[] };
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config.config, files: [], include: [] }, ts.sys, ROOT);
  const sources = new Map(programs.map((program, index) => [join(ROOT, `program-${index}.ts`), program]));
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (file) => sources.has(file) || disk.fileExists(file),
    readFile: (file) => sources.get(file)?.code ?? disk.readFile(file),
    getSourceFile: (file, version, ...rest) => {
      const source = sources.get(file);
      return source === undefined
        ? disk.getSourceFile(file, version, ...rest)
        : ts.createSourceFile(file, source.code, version);
    },
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  return [...sources].flatMap(([file, { title }]) => {
    const source = program.getSourceFile(file);
    const errors = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return errors.map(({ messageText }) => `${title}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  });
}

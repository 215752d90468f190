/** How the demo is told: headings, short sentences, the commands that a person would type. */
import type { CliContext } from '../context';
import type { Paint, Terminal } from '../terminal';

export interface Story {
  readonly paint: Paint;
  /** A numbered heading. */
  chapter(title: string): void;
  /** A sentence or two. */
  tell(text: string): void;
  /** What a person would type, and then what it prints: `act` gets a context whose output is part of the story. */
  type<T>(command: string, act: (context: CliContext) => Promise<T>): Promise<T>;
  /** Statements of the application. */
  sql(statements: readonly string[]): void;
}

const INDENT = '    ';

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, INDENT);
}

/** Everything that a verb says becomes part of one text; nothing moves. */
function quoting(terminal: Terminal): Terminal {
  return {
    ...terminal,
    out: (text) => terminal.out(indented(text)),
    say: (text) => terminal.out(indented(text)),
    progress: () => undefined,
    sayPaint: terminal.paint,
    interactive: false,
  };
}

export function createStory(context: CliContext): Story {
  const { terminal } = context;
  const { paint } = terminal;
  let chapters = 0;
  let fresh = false;
  return {
    paint,
    chapter(title) {
      chapters += 1;
      terminal.out(`\n${paint.bold(paint.cyan(`${chapters}. ${title}`))}\n`);
      fresh = true;
    },
    tell(text) {
      terminal.out(text);
      fresh = false;
    },
    type(command, act) {
      terminal.out(`${fresh ? '' : '\n'}  ${paint.bold(`$ ${command}`)}`);
      fresh = false;
      return act({ ...context, terminal: quoting(terminal) });
    },
    sql(statements) {
      terminal.out('');
      for (const statement of statements) terminal.out(`${INDENT}${paint.dim('sql>')} ${statement};`);
      terminal.out('');
    },
  };
}

import { readdirSync, readFileSync } from 'node:fs';

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  readonly language: string;
  readonly code: string;
  /** Line of the page on which the code begins, from 1. */
  readonly line: number;
}

/** A table: cells as written. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly line: number;
}

/** What is documented here. */
export const PAGES: readonly string[] = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync('docs')
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
];

/** One page, as far as the tests look at it. */
export class Page {
  private readonly lines: readonly string[];

  constructor(readonly path: string) {
    this.lines = readFileSync(path, 'utf8').split('\n');
  }

  get text(): string {
    return this.lines.join('\n');
  }

  get blocks(): Block[] {
    const blocks: Block[] = [];
    let open: { language: string; line: number } | null = null;
    for (const [index, text] of this.lines.entries()) {
      const fence = /^```(\w*)/.exec(text);
      if (fence === null) continue;
      if (open === null) {
        open = { language: fence[1]!, line: index + 2 };
      } else {
        const code = this.lines.slice(open.line - 1, index).join('\n');
        blocks.push({ page: this.path, code, ...open });
        open = null;
      }
    }
    return blocks;
  }

  /** The lines, with those inside fences empty. */
  get prose(): string[] {
    let isCode = false;
    return this.lines.map(text => {
      const isFence = text.startsWith('```');
      if (isFence) isCode = !isCode;
      return isCode || isFence ? '' : text;
    });
  }

  get tables(): Table[] {
    const tables: Table[] = [];
    const { prose } = this;
    for (let index = 0; index < prose.length; index++) {
      if (!/^\|[\s|:-]+\|$/.test(prose[index]!) || !prose[index]!.includes('-')) continue;
      const rows: string[][] = [];
      for (let next = index + 1; prose[next]?.startsWith('|'); next++) rows.push(cells(prose[next]!));
      tables.push({ header: cells(prose[index - 1]!), rows, line: index });
    }
    return tables;
  }

  /** Anchors of the headings, as GitHub makes them. */
  get anchors(): Set<string> {
    const headings = this.prose.filter(line => /^#+ /.test(line));
    return new Set(headings.map(line => slug(line.replace(/^#+ /, ''))));
  }

  /** Targets of links, each with its line. */
  get links(): { target: string; line: number }[] {
    return this.prose.flatMap((text, index) =>
      [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(match => ({ target: match[1]!, line: index + 1 })),
    );
  }
}

function cells(row: string): string[] {
  return row
    .slice(1, -1)
    .split('|')
    .map(cell => cell.trim());
}

function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

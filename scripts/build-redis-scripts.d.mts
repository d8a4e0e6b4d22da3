export function scriptsModule(): { file: string; expected: string; actual: string };
export function headerProblems(name: string, source: string): string[];

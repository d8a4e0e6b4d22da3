/** @param file as seen from the root of the project @returns a script made of it and the library's sources */
export function bundle(file: string): string;

/** Since when nothing has been wrong with a client, its link and the server, so that nothing may fail. */
export class TroubleLog {
  private readonly lasting = new Map<number | undefined, number>();
  private readonly lastMs = new Map<number | undefined, number>();

  constructor(private readonly nowMs: () => number) {}

  /** Something goes wrong with a client, or with the server (`undefined`). @returns what ends it */
  begin(client: number | undefined): () => void {
    this.lasting.set(client, (this.lasting.get(client) ?? 0) + 1);
    return () => {
      this.lasting.set(client, this.lasting.get(client)! - 1);
      this.lastMs.set(client, this.nowMs());
    };
  }

  /** For how long all was well with a client and the server; 0 while something is wrong. */
  quietForMs(client: number): number {
    const ages = [client, undefined].map(place =>
      (this.lasting.get(place) ?? 0) > 0 ? 0 : this.nowMs() - (this.lastMs.get(place) ?? -Infinity),
    );
    return Math.min(...ages);
  }
}

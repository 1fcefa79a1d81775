/** Reads the body of a response, no faster than it is asked. */
export class Reader {
  readonly #reader;
  readonly #decoder = new TextDecoder();
  #text = '';

  constructor({ body }: Response) {
    this.#reader = (body as ReadableStream<Uint8Array>).getReader();
  }

  /** The next chunk; empty at the end. */
  async read(): Promise<string> {
    const { value } = await this.#reader.read();
    return value === undefined ? '' : this.#decoder.decode(value, { stream: true });
  }

  /** The next blocks, without the empty lines between them. */
  async blocks(count: number): Promise<string[]> {
    let blocks = this.#text.split('\n\n');
    for (let chunk = ' '; blocks.length <= count && chunk !== '';) {
      chunk = await this.read();
      this.#text += chunk;
      blocks = this.#text.split('\n\n');
    }
    this.#text = blocks.slice(count).join('\n\n');
    return blocks.slice(0, count);
  }

  /** All that comes until the end. */
  async rest(): Promise<string> {
    let text = this.#text;
    for (let chunk = await this.read(); chunk !== ''; chunk = await this.read()) {
      text += chunk;
    }
    this.#text = '';
    return text;
  }

  /** What the events carry that come until the end; of a gap, its data. */
  async payloads(): Promise<unknown[]> {
    const blocks = (await this.rest()).split('\n\n');
    return blocks
      .filter((block) => /^(id|data|event: gap)/.test(block))
      .map((block) => {
        const data = JSON.parse(block.slice(block.indexOf('data: ') + 6)) as { event?: unknown };
        return block.startsWith('event: gap') ? data : data.event;
      });
  }

  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

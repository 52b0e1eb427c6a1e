/** A first-in-first-out queue on a circular array: no node per item, no shifting. */
export class Ring<T> {
  #items: (T | undefined)[] = new Array<T | undefined>(16);
  /** Index of the first item; the array's length is a power of two. */
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#first + this.#length) & (this.#items.length - 1)] = item;
    this.#length++;
  }

  /** The first item; undefined when empty. */
  peek(): T | undefined {
    return this.#items[this.#first];
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#items.length - 1);
    this.#length--;
    return item;
  }

  clear(): void {
    this.#items = new Array<T | undefined>(16);
    this.#first = 0;
    this.#length = 0;
  }

  #grow(): void {
    const items = this.#items;
    const rest = items.splice(this.#first);
    rest.push(...items);
    rest.length = this.#length * 2;
    this.#items = rest;
    this.#first = 0;
  }
}

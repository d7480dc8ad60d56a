/**
 * Puts a function in place of another. The old one is deleted first: this object gets a shape of its own then, and for all
 * other heaps a method stays the constant that V8 takes it for.
 */
export function replaceMember(object: object, name: string, member: unknown): void {
  Reflect.deleteProperty(object, name);
  Reflect.set(object, name, member);
}

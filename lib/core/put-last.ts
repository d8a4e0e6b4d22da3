/** Enters a value as the last of a map; of more than `maxSize`, the first is forgotten: the one that was entered longest ago. */
export function putLast<K, V>(map: Map<K, V>, key: K, value: V, maxSize: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxSize) return;
  for (const first of map.keys()) {
    map.delete(first);
    return;
  }
}

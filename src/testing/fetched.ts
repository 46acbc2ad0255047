/** Bytes that a URL names, a relative one beside the page. Throws an Error with the server's status if it is not OK. */
export async function bytesOf(source: string | URL): Promise<BufferSource> {
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source}: ${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}

/** Fetches bodies that stall or are cut, by the habit of the client, until `released` resolves. */
export function bodies(random, released) {
    let isReleased = false;
    void released.then(() => {
        isReleased = true;
    });
    return async (url, request, client) => {
        const controller = new AbortController();
        const signal = AbortSignal.any([controller.signal, request.signal]);
        const response = await fetch(url, { ...request, signal });
        if (client.habit === 'steady' || response.body === null || isReleased) {
            return response;
        }
        const reader = response.body.getReader();
        let left = Math.floor(random() * 200_000);
        const body = new ReadableStream({
            pull: async (sink) => {
                if (left < 0 && client.habit === 'stalled') {
                    await released;
                }
                else if (left < 0 && !isReleased) {
                    client.cuts += 1;
                    controller.abort();
                }
                const { value } = await reader.read();
                if (value === undefined) {
                    sink.close();
                    return;
                }
                left -= value.length;
                sink.enqueue(value);
            },
            cancel: () => reader.cancel(),
        }, { highWaterMark: 0 });
        return new Response(body, { status: response.status, headers: response.headers });
    };
}

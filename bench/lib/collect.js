/** Preloaded into a server whose memory is looked at: collects its garbage every second. */
setInterval(() => globalThis.gc?.(), 1_000).unref()

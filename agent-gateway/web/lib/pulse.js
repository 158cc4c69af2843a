// Ticks in a worker: browsers slow the timers of hidden pages down to one a minute, and a desk that is silent for 25 s
// counts as lost.

setInterval(() => postMessage(0), 1000);

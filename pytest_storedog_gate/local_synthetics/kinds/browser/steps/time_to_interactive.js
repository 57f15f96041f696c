() => {
  // Chromium has no such measure: this is the end of the last thing that kept a page from answering.
  const observer = new PerformanceObserver(() => {});
  observer.observe({type: 'longtask', buffered: true});
  const tasks = observer.takeRecords().map((task) => task.startTime + task.duration);
  observer.disconnect();
  const loaded = performance.getEntriesByType('navigation').map((one) =>
    one.domContentLoadedEventEnd);
  const painted = performance.getEntriesByName('first-contentful-paint').map((one) =>
    one.startTime);
  return Math.round(Math.max(0, ...loaded, ...painted, ...tasks));
}

({user, strict, multi, telling}) => {
  // Datadog does not publish how it weighs a multiLocator; this is an approximation, and a strict one.
  // A `ro` that names an id decides alone, unless it points to many. Otherwise the element wins that
  // most of the locators point to, and more than half of those that can be read must point to it.
  const roots = [document];
  for (let index = 0; index < roots.length; index++)
    for (const one of roots[index].querySelectorAll('*'))
      if (one.shadowRoot) roots.push(one.shadowRoot);
  const byXPath = (expression) => roots.flatMap((root) => {
    const inside = expression.replace(
      /^(\(?)(?:\/\/|\/descendant::)/, '$1descendant-or-self::');
    const starts = root === document ? [[document, expression]]
      : inside === expression ? []  // an absolute path leads into no shadow root
      : [...root.children].map((child) => [child, inside]);
    return starts.flatMap(([start, path]) => {
      const found = document.evaluate(path, start, null, 7, null);
      return Array.from({length: found.snapshotLength}, (_, at) => found.snapshotItem(at));
    });
  }).filter((one) => one instanceof Element);
  const byCss = (selector) => roots.flatMap((root) => [...root.querySelectorAll(selector)]);
  const problems = [];
  let readable = 0;
  const all = (type, value) => {
    try {
      const found = [...new Set(type === 'css' ? byCss(value) : byXPath(value))];
      readable += 1;
      return found;
    } catch (error) { problems.push(error.message); return null; }
  };
  const shown = (one) => one.getClientRects().length > 0;
  const first = (found) => found.find(shown) ?? found[0] ?? null;
  for (const {type, value} of user) {
    const found = all(type, value);
    if (found?.length) return first(found);
  }
  const votes = new Map();
  const ofUser = readable;
  for (const [key, value] of user.length && strict ? [] : multi) {
    const found = all('xpath', value);
    if (found === null) continue;
    const decides = key === 'ro' && value.includes('@id=') && found.length < 2;
    if (decides && !telling) return found[0] ?? null;
    // One that points to many points to none.
    if (found.length === 1) votes.set(found[0], (votes.get(found[0]) ?? 0) + 1);
  }
  if (problems.length && !readable) throw new Error('UNREADABLE ' + problems[0]);
  const best = Math.max(0, ...votes.values());
  const most = [...votes].find(([, count]) => count === best)?.[0] ?? null;
  const asked = readable - ofUser;
  if (telling) return most && {tag: most.cloneNode(false).outerHTML, votes: best, asked};
  return best * 2 > asked ? most : null;
}

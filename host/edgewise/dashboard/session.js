// A page whose socket is refused would say "Trying to reconnect" for ever where its session has
// ended meanwhile: with --private its address leads to /login then, and the page goes there.
(() => {
  const PERIOD_MS = 2000;
  const check = async () => {
    if (document.getElementById("popup")?.ariaHidden === "false") {
      const answer = await fetch(location.href, { method: "HEAD", redirect: "manual" }).catch(() => null);
      if (answer?.type === "opaqueredirect") return location.reload();
    }
    setTimeout(check, PERIOD_MS);
  };
  check();
})();

// Preselects the reader's own time zone, and brings what is wrong to the eye in
// a frame, where browsers do not do it by themselves. The form works without it.
(() => {
  document.querySelector(".bare .summary")?.focus();
  const select = document.querySelector("select[data-detect]");
  if (!select) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const option of select.options) {
    if (option.value === zone) {
      select.value = zone;
      return;
    }
  }
})();

// Read-outs on hover. The page is complete without it: browsers show the same titles by themselves.
(() => {
  const tip = document.getElementById("tip");
  let hot = null;
  document.querySelectorAll("figure svg title").forEach((title) => {
    title.parentNode.dataset.tip = title.textContent;
    title.remove();
  });
  const leave = () => {
    if (hot) hot.classList.remove("hot");
    hot = null;
    tip.hidden = true;
  };
  document.addEventListener("pointermove", (event) => {
    const at = event.target.closest ? event.target.closest("[data-tip]") : null;
    if (at !== hot) {
      leave();
      if (!at) return;
      hot = at;
      hot.classList.add("hot");
      tip.textContent = at.dataset.tip;
      tip.hidden = false;
    }
    if (!hot) return;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 4)) + "px";
    tip.style.top = Math.max(4, event.clientY - height - 10) + "px";
  });
  document.addEventListener("pointerleave", leave);
})();

// <count-down ends-at="2026-11-21T14:32:00+00:00" total="600" over="…">: a battery that empties. The server decides
// when a hold is over; this only shows it. A visitor's clock may be wrong, so the page's own birth is compared first.

const born = Number(document.documentElement.dataset.now) * 1000;
const navigation = performance.getEntriesByType("navigation")[0];
const arrived = performance.timeOrigin + (navigation?.responseStart ?? 0);
const fresh = navigation?.type === "navigate" || navigation?.type === "reload";
const skew = born && fresh && Math.abs(arrived - born) > 5000 ? arrived - born : 0;
document.documentElement.dataset.skew = skew;

const now = () => Date.now() - skew;

function written(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
}

class CountDown extends HTMLElement {
  connectedCallback() {
    this.endsAt = Date.parse(this.getAttribute("ends-at"));
    this.timer = setInterval(() => this.show(), 1000);
    this.show();
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  show() {
    const seconds = Math.max(0, Math.ceil((this.endsAt - now()) / 1000));
    const left = this.querySelector(".countdown-left");
    const battery = this.querySelector(".battery");
    left.hidden = false;
    left.textContent = seconds ? written(seconds) : this.getAttribute("over");
    battery.querySelector("progress").value = seconds;
    battery.dataset.tone = seconds > 60 ? "wait" : "trouble";
    if (seconds === 0) this.finish();
  }

  finish() {
    clearInterval(this.timer);
    this.dispatchEvent(new CustomEvent("count-down:over", { bubbles: true }));
  }
}

customElements.define("count-down", CountDown);

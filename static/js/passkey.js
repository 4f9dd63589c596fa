// Offers passkeys where the browser has them, and says in words when one was not used; the ceremony is allauth's.
if (window.PublicKeyCredential) {
  for (const offer of document.querySelectorAll("[data-needs-passkeys]")) offer.hidden = false;
}

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  for (const words of document.querySelectorAll("[data-passkey-refused]")) words.hidden = false;
});

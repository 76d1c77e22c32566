/* Passkeys: a form with data-passkey asks the browser's own dialogue when it is sent, and goes on with the answer in its field "credential".
   "add" and "confirm" carry the server's options in data-options; "sign-in" fetches them first. */
(() => {
  "use strict";
  const WORDS = {
    NotAllowedError: "No passkey was used. Try again, or choose another way.",
    InvalidStateError: "This passkey is known already.",
    SecurityError: "Passkeys don't work at this address. Open the portal at the address by which your organisation knows it; on your own computer at localhost.",
  };

  function toBytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  }

  function toText(buffer) {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  const listed = (credentials) => (credentials || []).map((each) => ({ ...each, id: toBytes(each.id) }));

  async function create(options, passwordless) {
    const wanted = { ...options, challenge: toBytes(options.challenge), user: { ...options.user, id: toBytes(options.user.id) } };
    wanted.excludeCredentials = listed(options.excludeCredentials);
    const resident = passwordless ? { residentKey: "required", requireResidentKey: true, userVerification: "required" } : { residentKey: "discouraged" };
    wanted.authenticatorSelection = { ...options.authenticatorSelection, ...resident };
    const made = await navigator.credentials.create({ publicKey: wanted });
    return answer(made, { attestationObject: toText(made.response.attestationObject), transports: made.response.getTransports?.() || [] });
  }

  async function get(options) {
    const wanted = { ...options, challenge: toBytes(options.challenge), allowCredentials: listed(options.allowCredentials) };
    const used = await navigator.credentials.get({ publicKey: wanted });
    const { authenticatorData, signature, userHandle } = used.response;
    return answer(used, { authenticatorData: toText(authenticatorData), signature: toText(signature), userHandle: userHandle ? toText(userHandle) : null });
  }

  function answer(credential, response) {
    return {
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: { ...response, clientDataJSON: toText(credential.response.clientDataJSON) },
    };
  }

  async function fetched(form) {
    const response = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`answered ${response.status}`);
    return (await response.json()).request_options;
  }

  async function ask(form) {
    const kind = form.dataset.passkey;
    const { publicKey } = kind === "sign-in" ? await fetched(form) : JSON.parse(form.dataset.options);
    const credential = kind === "add" ? await create(publicKey, form.elements.passwordless?.checked) : await get(publicKey);
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
  }

  function tell(error) {
    const place = document.querySelector("[data-passkey-trouble]");
    place.textContent = WORDS[error.name] || "The passkey didn't work. Load the page again, or choose another way.";
    place.className = "notice bad";
    place.hidden = false;
  }

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-passkey]");
    if (!form) return;
    event.preventDefault();
    if (!window.PublicKeyCredential) tell({ name: "SecurityError" });
    else ask(form).catch(tell);
  });
})();

// Passkeys (WebAuthn): asks the browser for one when the form is sent, and sends what it gives in the form.
"use strict";

(function () {
    const toBytes = text => Uint8Array.from(
        atob(text.replace(/-/g, "+").replace(/_/g, "/")), character => character.charCodeAt(0));
    const toText = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))
        .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    const descriptors = list => (list || []).map(each => ({...each, id: toBytes(each.id)}));

    const ceremonies = {
        create: options => navigator.credentials.create({publicKey: {
            ...options,
            challenge: toBytes(options.challenge),
            user: {...options.user, id: toBytes(options.user.id)},
            excludeCredentials: descriptors(options.excludeCredentials),
        }}),
        get: options => navigator.credentials.get({publicKey: {
            ...options,
            challenge: toBytes(options.challenge),
            allowCredentials: descriptors(options.allowCredentials),
        }}),
    };

    const asJson = credential => {
        const given = {id: credential.id, rawId: toText(credential.rawId), type: credential.type, response: {}};
        for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
            if (credential.response[name]) {
                given.response[name] = toText(credential.response[name]);
            }
        }
        given.clientExtensionResults = credential.getClientExtensionResults();
        return JSON.stringify(given);
    };

    for (const form of document.querySelectorAll("form[data-passkey]")) {
        const options = JSON.parse(document.getElementById(form.dataset.options).textContent).publicKey;
        const fault = form.querySelector(".passkey-fault");
        form.addEventListener("submit", async event => {
            event.preventDefault();
            fault.hidden = true;
            try {
                const credential = await ceremonies[form.dataset.passkey](options);
                form.elements.credential.value = asJson(credential);
            } catch (error) {
                fault.textContent = `The passkey could not be used (${error.name}). Try again, or use another factor.`;
                fault.hidden = false;
                return;
            }
            form.submit();
        });
    }
})();

// The viewer of the API's schema. It asks this host only: no validator elsewhere is told of the address.
window.addEventListener("load", () => {
  const place = document.querySelector("#viewer");
  SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: "list",
    persistAuthorization: false,
    validatorUrl: null,
  });
});

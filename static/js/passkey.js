"use strict";
// A passkey that was not given, or that the browser cannot give: say so beside the button. allauth's script raises it.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const words = "No passkey was used. Try again, or go another way.";
  const place = document.querySelector("main");
  let line = document.getElementById("passkey-error");
  if (!line) {
    line = document.createElement("p");
    line.id = "passkey-error";
    line.className = "passkey-error";
    line.setAttribute("role", "alert");
    place.append(line);
  }
  line.textContent = words;
});

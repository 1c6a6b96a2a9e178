// A button that copies, on every block of code: one script instead of one mark-up for each; smalldocs.js listens to them
for (const block of document.querySelectorAll(".code-copy-outer-scaffold"))
  block.insertAdjacentHTML("beforeend", '<button title="Copy to Clipboard" class="code-copy-button"><i class="bi"></i></button>');

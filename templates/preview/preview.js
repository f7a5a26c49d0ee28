// Loads the page anew when the theme changes, gives frames the height of their
// mails, and asks for what takes time.
'use strict';

const version = document.documentElement.dataset.version;

new EventSource('/events?after=' + encodeURIComponent(version))
  .addEventListener('change', () => location.reload());

function fit(frame) {
  const mail = frame.contentDocument;
  if (mail && mail.documentElement) {
    frame.style.height = '1px'; // else it is at least as high as it was
    frame.style.height = mail.documentElement.scrollHeight + 2 + 'px';
  }
}

for (const frame of document.querySelectorAll('iframe')) {
  frame.addEventListener('load', () => fit(frame));
  fit(frame);
}

const spam = document.getElementById('spam');
if (spam) {
  fetch(spam.href)
    .then(answer => answer.ok ? answer.text() : Promise.reject(answer.status))
    .then(text => { spam.textContent = text.split('\n')[0]; })
    .catch(() => {}); // the link stays
}

// Loads the page anew when the theme changes, gives frames the height of their
// mails, and asks for what takes time.
'use strict';

const version = document.documentElement.dataset.version;

new EventSource('/events?after=' + encodeURIComponent(version))
  .addEventListener('change', () => location.reload());

function fit(frame, mail) {
  frame.style.height = '1px'; // else the mail is at least as high as its frame was
  frame.style.height = mail.documentElement.scrollHeight + 2 + 'px';
}

function follow(frame) {
  const mail = frame.contentDocument;
  if (mail && mail.body) {
    fit(frame, mail);
    new ResizeObserver(() => fit(frame, mail)).observe(mail.body);
  }
}

for (const frame of document.querySelectorAll('iframe')) {
  frame.addEventListener('load', () => follow(frame));
  follow(frame); // one that was there sooner
}

const spam = document.getElementById('spam');
if (spam) {
  fetch(spam.href)
    .then(answer => answer.ok ? answer.text() : Promise.reject(answer.status))
    .then(text => { spam.textContent = text.split('\n')[0]; })
    .catch(() => {}); // the link stays
}

// <broadsheet-form> signs a reader up without leaving the page. When anything is
// not as expected, the form inside it is sent as it stands.
(() => {
  const inJSON = { zone: "timezone", lang: "language" }; // by the names of fields
  let problems = 0;

  class BroadsheetForm extends HTMLElement {
    connectedCallback() {
      if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.begin());
      else this.begin();
    }

    begin() {
      const form = this.querySelector("form");
      if (!form || this.form) return;
      this.form = form;
      this.api = form.action.replace(/\/subscribe$/, "/api/v1/subscribe");
      form.addEventListener("focusin", () => this.token().catch(() => {}));
      form.addEventListener("submit", event => {
        event.preventDefault();
        if (!this.sending) this.send();
      });
      this.offerZones(form.elements.zone);
    }

    // offerZones lists those that the browser knows.
    offerZones(list) {
      if (!list || list.length || !Intl.supportedValuesOf) return;
      const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
      for (const zone of new Set([own, ...Intl.supportedValuesOf("timeZone")])) list.add(new Option(zone));
      list.value = own;
      list.style.maxWidth = "100%";
      list.closest("[hidden]")?.removeAttribute("hidden");
    }

    // token asks once for the signed time of the form.
    token() {
      return this.signed ||= this.ask().then(answer => this.sign(answer.body)).catch(error => {
        this.signed = null;
        throw error;
      });
    }

    // sign does what work there is to be done for a token.
    async sign({ form, work }) {
      return { form, work: work && await (await import(work.script)).solve(form, work) };
    }

    async ask(options) {
      const answer = await fetch(this.api, { credentials: "omit", ...options });
      return { status: answer.status, body: await answer.json() };
    }

    async post() {
      const data = { ...await this.token() };
      for (const [name, value] of new FormData(this.form)) {
        if (name === "topics" || name === "digests") (data[name] ||= []).push(value);
        else if (name.startsWith("hour-")) (data.hours ||= {})[name.slice(5)] = value;
        else data[inJSON[name] || name] = value;
      }
      return this.ask({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data) });
    }

    async send() {
      this.sending = true;
      for (const old of this.querySelectorAll(".broadsheet-problem")) old.remove();
      for (const old of this.querySelectorAll("[aria-describedby^=broadsheet-]")) {
        old.removeAttribute("aria-describedby");
        old.removeAttribute("aria-invalid");
      }
      try {
        let { status, body } = await this.post();
        if (status === 428) {
          this.signed = this.sign(body);
          ({ status, body } = await this.post());
        }
        if (status === 202) this.thank(body);
        else if (status === 422 || status === 429) this.show(body.errors);
        else throw status;
      } catch {
        this.form.submit();
      }
      this.sending = false;
    }

    // show puts what is wrong beside the fields, and the focus on the first.
    show(errors) {
      if (errors.some(one => one.field === "form")) this.signed = null;
      this.token().catch(() => {});
      errors.map(one => this.problem(one))[0].focus();
    }

    problem({ field = "", error }) {
      const note = this.line("strong", error), form = this.form;
      note.className = "broadsheet-problem";
      note.id = "broadsheet-problem-" + ++problems;
      const name = Object.keys(inJSON).find(key => inJSON[key] === field) || field.replace("hours.", "hour-");
      const input = [...form.elements].find(one => one.name === name && one.type !== "hidden" && !one.closest("[hidden]"));
      if (!input) {
        note.tabIndex = -1;
        form.prepend(note);
        return note;
      }
      const group = input.closest("fieldset");
      (group?.querySelector("legend") || input.closest("label") || input).after(note);
      (group || input).setAttribute("aria-describedby", note.id);
      if (!group) input.setAttribute("aria-invalid", "true");
      return input;
    }

    line(tag, words) {
      const line = document.createElement("p");
      line.append(Object.assign(document.createElement(tag), { textContent: words }));
      return line;
    }

    thank({ title, text }) {
      const answer = document.createElement("div");
      Object.assign(answer, { tabIndex: -1, role: "status" });
      answer.append(this.line("strong", title), this.line("span", text));
      this.form.replaceChildren(answer);
      answer.focus();
      this.dispatchEvent(new CustomEvent("broadsheet-sent", { bubbles: true }));
    }
  }

  if (!customElements.get("broadsheet-form")) customElements.define("broadsheet-form", BroadsheetForm);
})();

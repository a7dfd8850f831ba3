// Links into Airflow: this page is in a frame of Airflow's that may not navigate it, so a link of Airflow's own page
// is followed instead.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.airflow");
  if (!link || !airflowRoot()) return;
  event.preventDefault();
  const outer = window.parent.document.createElement("a");
  outer.href = link.href;
  if (event.ctrlKey || event.metaKey) outer.target = "_blank";
  window.parent.document.body.append(outer);
  outer.click();
  outer.remove();
});

// Filters that are chosen, not typed, are applied at once.
for (const select of document.querySelectorAll(".filters select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// "Process again" asks Airflow's own API, which checks the login, the permission and the form's fields. A request with
// JSON from another site would be stopped by the browser, and would lack the cookie.
const dialog = document.getElementById("again");
if (dialog) {
  const part = (name) => dialog.querySelector(name);
  let asked = null;
  for (const button of document.querySelectorAll("button.again")) {
    button.addEventListener("click", () => {
      asked = button.dataset;
      part(".dag").textContent = asked.dag;
      part(".load").textContent = asked.load;
      part(".paused").hidden = !asked.paused;
      part(".answer").replaceChildren();
      part(".start").hidden = false;
      dialog.showModal();
    });
  }
  part(".start").addEventListener("click", async () => {
    part(".start").hidden = true;
    const answer = part(".answer");
    answer.textContent = "Starting ...";
    try {
      const response = await fetch(`../api/v2/dags/${encodeURIComponent(asked.dag)}/dagRuns`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({
          logical_date: null,
          conf: { load_ids: [asked.load] },
          note: `Load ${asked.load} again, from the Loads page`,
        }),
      });
      const run = await response.json();
      if (!response.ok) throw new Error(typeof run.detail === "string" ? run.detail : response.statusText);
      const link = document.createElement("a");
      link.className = "airflow";
      link.href = `../dags/${encodeURIComponent(asked.dag)}/runs/${encodeURIComponent(run.dag_run_id)}`;
      link.textContent = run.dag_run_id;
      answer.replaceChildren("Started: ", link);
    } catch (error) {
      answer.textContent = `Airflow did not start it: ${error.message}`;
      part(".start").hidden = false;
    }
  });
}

// Who is signed in on this page, as the server says.

const JSON_TYPE = { "Content-Type": "application/json" };

export const me = { csrf: "" };

export const headers = () => ({ ...JSON_TYPE, "X-CSRF-Token": me.csrf });

// Returns who is signed in, or null; throws where the server cannot be reached.
export async function whoami() {
  const response = await fetch("/api/session", { signal: AbortSignal.timeout(5_000) });
  if (response.status === 401) return null;
  if (!response.ok) throw new Error(`status ${response.status}`);
  const answer = await response.json();
  me.csrf = answer.csrf;
  return answer;
}

// Whose console this is, for the door.
export async function whose() {
  const response = await fetch("/healthz", { signal: AbortSignal.timeout(5_000) });
  return (await response.json()).console;
}

// Returns null when signed in, or the server's refusal.
export async function signIn(name, password) {
  const response = await fetch("/api/session", {
    method: "POST",
    headers: JSON_TYPE,
    body: JSON.stringify({ name, password }),
    signal: AbortSignal.timeout(15_000),
  });
  return response.ok ? null : { ...(await response.json()), wait: response.headers.get("Retry-After") };
}

export const signOut = (everywhere) =>
  fetch("/api/session/end", {
    method: "POST",
    headers: headers(),
    body: JSON.stringify({ everywhere }),
    signal: AbortSignal.timeout(5_000),
  });

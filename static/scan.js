// The camera, asked for by a press only, and large pictures made smaller before they are sent. Where the browser
// can't read codes itself, it takes a picture and the server reads that. Nothing is kept here.
(() => {
  "use strict";
  document.documentElement.classList.add("has-scripts");

  const LARGEST_SIDE = 2400;
  const LARGE_FILE = 2_000_000;
  const TAKEN = ["image/jpeg", "image/png", "image/webp"];
  const LOOK_EVERY = 200;
  const part = (name) => document.getElementById(name);
  const form = part("scan");
  const file = part("picture");
  const camera = part("camera");
  if (!form) return;

  // `source` (a video or a bitmap) as a JPEG of at most LARGEST_SIDE pixels a side.
  function jpeg(source, width, height) {
    const scale = Math.min(1, LARGEST_SIDE / Math.max(width, height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext("2d");
    // A JPEG has no holes: what is transparent would turn black.
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.9); });
  }

  function put(blob) {
    const files = new DataTransfer();
    files.items.add(new File([blob], "code.jpg", { type: "image/jpeg" }));
    file.files = files.files;
  }

  async function shrink() {
    const chosen = file.files[0];
    if (!chosen || (chosen.size < LARGE_FILE && TAKEN.includes(chosen.type))) return;
    try {
      const bitmap = await createImageBitmap(chosen);
      const smaller = await jpeg(bitmap, bitmap.width, bitmap.height);
      // Another may have been chosen meanwhile.
      if (smaller && file.files[0] === chosen) put(smaller);
    } catch {
      // The browser can't read it: the server says what it thinks of the file.
    }
  }

  if (!camera) {
    let shrinking = null;
    file?.addEventListener("change", () => {
      shrinking = shrink().finally(() => { shrinking = null; });
    });
    form.addEventListener("submit", async (event) => {
      if (!shrinking) return;
      event.preventDefault();
      await shrinking;
      form.submit();
    });
    return;
  }

  const video = part("camera-video");
  let stream = null;
  let detector = null;
  let asked = 0;

  function say(name) {
    part("camera-says").textContent = camera.dataset[name];
  }

  function show(on) {
    part("camera-view").hidden = !on;
    part("camera-on").hidden = on;
    part("camera-off").hidden = !on;
    part("camera-shoot").hidden = !on || detector !== null;
  }

  function stop() {
    asked += 1;
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = video.srcObject = null;
    show(false);
  }

  async function reader() {
    try {
      const formats = await BarcodeDetector.getSupportedFormats();
      return formats.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
    } catch {
      return null;
    }
  }

  function send(saying) {
    stop();
    say(saying);
    form.submit();
  }

  function shootInstead() {
    detector = null;
    show(true);
    say("shooting");
  }

  async function look(turn) {
    if (turn !== asked) return;
    try {
      const [code] = await detector.detect(video);
      if (turn !== asked) return;
      if (code?.rawValue) {
        part("text").value = code.rawValue;
        send("found");
        return;
      }
    } catch {
      // Some browsers have the name but no reader behind it.
      if (turn === asked) shootInstead();
      return;
    }
    setTimeout(look, LOOK_EVERY, turn);
  }

  async function start() {
    if (!navigator.mediaDevices?.getUserMedia) {
      say("insecure");
      return;
    }
    asked += 1;
    const turn = asked;
    say("asking");
    try {
      const wanted = { audio: false, video: { facingMode: "environment", width: { ideal: 1920 } } };
      const given = await navigator.mediaDevices.getUserMedia(wanted);
      // Turned off, or left, while the browser was still asking.
      if (turn !== asked) {
        for (const track of given.getTracks()) track.stop();
        return;
      }
      stream = given;
      stream.getVideoTracks()[0].addEventListener("ended", turnOff);
      detector = await reader();
      if (turn !== asked) return;
      show(true);
      video.srcObject = stream;
      await video.play();
    } catch (error) {
      if (turn !== asked) return;
      stop();
      say({ NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing" }[error.name] ?? "busy");
      return;
    }
    if (turn !== asked) return;
    part("camera-off").focus();
    say(detector ? "looking" : "shooting");
    if (detector) look(turn);
  }

  function turnOff() {
    stop();
    say("off");
  }

  part("camera-on").addEventListener("click", start);
  part("camera-off").addEventListener("click", () => {
    turnOff();
    part("camera-on").focus();
  });
  part("camera-shoot").addEventListener("click", async () => {
    const turn = asked;
    const picture = await jpeg(video, video.videoWidth, video.videoHeight);
    if (turn !== asked || !picture) return;
    put(picture);
    send("sending");
  });
  addEventListener("pagehide", stop);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && stream) turnOff();
  });
})();

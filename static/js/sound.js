"use strict";
/* Four sounds, told apart without looking; handheld and phone only. cf.sound("right" | "wrong" | "done" | "offer").
   Volume never below the device's alarm is the device's part; ours is that wrong is loud and vibrates. */
(() => {
  const TUNES = {
    right: [[1320, 0, .07]],
    wrong: [[196, 0, .22], [165, .26, .34]],
    done: [[784, 0, .09], [1047, .1, .09], [1568, .2, .14]],
    offer: [[988, 0, .12], [1319, .14, .12], [988, .5, .12], [1319, .64, .12]],
  };
  let audio = null;
  cf.sound = kind => {
    if (kind === "wrong") navigator.vibrate?.([120, 60, 200]);
    if (!cf.option("sound")) return;
    try {
      audio ??= new AudioContext();
      audio.resume();
      for (const [hertz, at, seconds] of TUNES[kind]) {
        const tone = audio.createOscillator(), volume = audio.createGain();
        tone.type = kind === "wrong" ? "square" : "sine";
        tone.frequency.value = hertz;
        volume.gain.value = kind === "wrong" ? .25 : .18;
        tone.connect(volume).connect(audio.destination);
        tone.start(audio.currentTime + at);
        tone.stop(audio.currentTime + at + seconds);
      }
    } catch { /* no audio device */ }
  };
})();

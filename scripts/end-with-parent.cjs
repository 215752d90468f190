/**
 * Preloaded into Jest and thereby into its worker processes: a worker whose Jest has been interrupted ends soon,
 * instead of carrying on with its test against a Temporal server that is gone.
 */
'use strict';

// Looked at by a timer: a listener for the end of the channel would keep the worker from ending by itself.
if (process.send !== undefined) {
  setInterval(() => {
    if (!process.connected) process.exit(1);
  }, 200).unref();
}

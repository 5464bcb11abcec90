"use strict";
// What the pages do beyond HTML. Everything works without it.

"""A module that imports one that is not there."""

import no_such_module_anywhere

app = no_such_module_anywhere.app

"""Writing questions: by rules on this machine, or by a vendor; the gates judge both."""

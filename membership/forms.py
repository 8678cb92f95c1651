"""What every form of ours is: fields from the form that was sent, and nothing else."""

from typing import Any

from flask import request
from flask_wtf import FlaskForm


class Form(FlaskForm):  # type: ignore[misc]
    """Flask-WTF would put uploaded files where text is expected; none of our forms takes any."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def wrap_formdata(self, _form: FlaskForm, formdata: Any) -> Any:
            given = super().wrap_formdata(_form, formdata)
            return request.form if given is not None and formdata is not None else given

FLASK_APP=membership.app:create_app
